import { useId } from 'react';
import { FindIcon } from './icons.tsx';

interface FindFieldProps {
  readonly label: string;
  /** Characters. */
  readonly longest: number;
  readonly search: string;
  readonly onSearch: (text: string) => void;
  /** It was opened by hand: typing can begin. */
  readonly opened?: boolean;
}

/** A search over the list below it, as it is typed. */
export function FindField({ label, longest, search, onSearch, opened = false }: FindFieldProps) {
  const id = useId();
  return (
    <label className="find" htmlFor={id}>
      <FindIcon small />
      <input
        id={id}
        type="search"
        aria-label={label}
        placeholder={label}
        maxLength={longest}
        autoComplete="off"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        autoFocus={opened}
        value={search}
        onInput={(event) => onSearch(event.currentTarget.value)}
      />
    </label>
  );
}
