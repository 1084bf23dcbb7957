import { useEffect, useState } from 'react';

/** A file that is dropped anywhere on the page. True while one is held over it; without `onFile` none is taken. */
export function useFileDrop(onFile: ((file: File) => void) | undefined): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (onFile === undefined) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const has = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const drag = (event: DragEvent) => {
      if (!has(event)) return;
      event.preventDefault();
      setOver(true);
    };
    window.addEventListener('dragenter', drag, { signal });
    window.addEventListener('dragover', drag, { signal });
    window.addEventListener(
      'dragleave',
      (event) => {
        // only out of the window: within it the next element says so itself
        if (event.relatedTarget === null) setOver(false);
      },
      { signal },
    );
    window.addEventListener(
      'drop',
      (event) => {
        if (!has(event)) return;
        event.preventDefault();
        setOver(false);
        const [file] = event.dataTransfer?.files ?? [];
        if (file !== undefined) onFile(file);
      },
      { signal },
    );
    return () => stop.abort();
  }, [onFile]);
  return over;
}

/** Gives a file to the browser to keep. */
export function saveFile(name: string, type: string, text: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([...text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // some browsers read it after this turn
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
