'use client';
import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { CloseIcon } from './icons.tsx';
import { text } from '../_text/en.ts';

/**
 * A modal drawer. The browser's own dialog traps the focus, makes the rest inert, closes on Escape and
 * gives the focus back.
 */
export function Drawer({
  title,
  titleHidden = false,
  over,
  mono = false,
  lead,
  onClose,
  children,
}: {
  title: string;
  titleHidden?: boolean;
  /** What the title is, in small above it. */
  over?: string;
  /** The title is an address. */
  mono?: boolean;
  /** Stands left of the title. */
  lead?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // A layout effect: it closes the dialog while it still stands in the page, so the focus goes back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The scrim belongs to the dialog's box; what is drawn lies inside.
        if (event.target !== event.currentTarget) return;
        const box = event.currentTarget.getBoundingClientRect();
        if (event.clientY < box.top || event.clientX < box.left) onClose();
      }}
    >
      <span className="grip" aria-hidden="true" />
      {over !== undefined && <p className="sub">{over}</p>}
      <div className="flex items-center gap-3.5 pr-12">
        {lead}
        <h2 id={id} className={titleHidden ? 'vh' : mono ? 'value' : 'big'} tabIndex={-1} autoFocus>
          {title}
        </h2>
      </div>
      {children}
      <button type="button" className="icon-btn shut" aria-label={text.nav.close} onClick={onClose}>
        <CloseIcon />
      </button>
    </dialog>
  );
}
