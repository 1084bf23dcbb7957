'use client';
import { CheckIcon } from '../_ui/icons.tsx';
import { Scale } from '../_ui/scale.tsx';
import type { Cell, RestoreRowFace } from '../_ui/restore-types.ts';
import { restoreText as words } from '../_text/restore.ts';

/** Where there is room: a column for each phase. Only *Checked* is green. */
export function RestoreTable({
  rows,
  old,
  chosen,
  onChoose,
}: {
  rows: readonly RestoreRowFace[];
  old: boolean;
  chosen?: string;
  onChoose: (key: string) => void;
}) {
  const { columns } = words;
  return (
    <table className={`num rst-table${old ? ' faded' : ''}`} aria-label={words.list}>
      <thead>
        <tr>
          <th scope="col">{columns.archive}</th>
          <th scope="col" className="r">
            {columns.size}
          </th>
          <th scope="col">{columns.asked}</th>
          <th scope="col">{columns.ready}</th>
          <th scope="col">{columns.down}</th>
          <th scope="col">{columns.checked}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key} className={row.key === chosen ? 'chosen' : ''}>
            <td>
              <button
                type="button"
                aria-current={row.key === chosen ? 'true' : undefined}
                onClick={() => onChoose(row.key)}
              >
                <bdi className="t">{row.name}</bdi>
              </button>
            </td>
            <td className="r b">{row.size}</td>
            <Words cell={row.cells.asked} />
            <Words cell={row.cells.ready} />
            {row.cells.says !== undefined ? (
              <td className="dim says" colSpan={2}>
                <bdi>{row.cells.says}</bdi>
              </td>
            ) : row.down === undefined ? (
              <Words cell={row.cells.down} />
            ) : (
              <td>
                <span className="rst-down">
                  <b>{row.cells.down.words}</b>
                  <Scale thin label={row.downLabel ?? row.name} share={row.down} marks={14} />
                </span>
              </td>
            )}
            {row.cells.says === undefined && (
              <td>
                {row.cells.checked !== undefined && (
                  <span className="tag green rst-checked">
                    <CheckIcon small />
                    {row.cells.checked}
                  </span>
                )}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Words({ cell }: { cell: Cell }) {
  return (
    <td className={cell.tone ?? ''}>
      <bdi>{cell.words}</bdi>
    </td>
  );
}
