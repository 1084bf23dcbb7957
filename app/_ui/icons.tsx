import type { ReactNode } from 'react';

function icon(children: ReactNode) {
  return function Icon({ small = false }: { small?: boolean }) {
    return (
      <svg className={small ? 'i sm' : 'i'} viewBox="0 0 24 24" aria-hidden="true">
        {children}
      </svg>
    );
  };
}

export const DoorsIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M10.6 17.2v-6.1a2.7 2.7 0 1 1 2.8 0v3.3h3v2.8z" fill="currentColor" stroke="none" />
  </>,
);
export const BansIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M7 12h10" strokeWidth="3.2" strokeLinecap="butt" />
  </>,
);
export const FindIcon = icon(
  <>
    <circle cx="10.8" cy="10.8" r="6.3" />
    <path d="m15.5 15.5 5 5" />
  </>,
);
export const ActivityIcon = icon(
  <>
    <path d="M5 4v16" />
    <circle cx="5" cy="7" r="2" fill="currentColor" stroke="none" />
    <circle cx="5" cy="17" r="2" fill="currentColor" stroke="none" />
    <path d="M11 7h9M11 12h5M11 17h8" />
  </>,
);
export const PasswordsIcon = icon(
  <>
    <rect x="3" y="6.5" width="18" height="11" rx="2.5" />
    <path
      d="M7.5 10.2v3.6M5.9 11.1l3.2 1.8M9.1 11.1l-3.2 1.8M13 10.2v3.6M11.4 11.1l3.2 1.8M14.6 11.1l-3.2 1.8M17 13.8h1.5"
      strokeWidth="1.5"
    />
  </>,
);
export const ArchivesIcon = icon(
  <path d="M4 9.5h16V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM3 4.5h18v5H3zM9.5 13.5h5" />,
);
export const MoreIcon = icon(
  <g fill="currentColor" stroke="none">
    <circle cx="5" cy="12" r="2" />
    <circle cx="12" cy="12" r="2" />
    <circle cx="19" cy="12" r="2" />
  </g>,
);
export const SettingsIcon = icon(
  <>
    <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
    <circle cx="15" cy="7" r="2.2" />
    <circle cx="9" cy="17" r="2.2" />
  </>,
);
export const DevicesIcon = icon(
  <>
    <rect x="3" y="5" width="13" height="10" rx="1.5" />
    <path d="M2 18.5h10" />
    <rect x="15" y="9.5" width="6" height="10.5" rx="1.5" />
  </>,
);
export const PhoneIcon = icon(
  <>
    <rect x="7" y="3" width="10" height="18" rx="2" />
    <path d="M11 18h2" />
  </>,
);
export const TabletIcon = icon(
  <>
    <rect x="5" y="3" width="14" height="18" rx="2" />
    <path d="M11 18h2" />
  </>,
);
export const LaptopIcon = icon(
  <>
    <rect x="5" y="5" width="14" height="10" rx="1.5" />
    <path d="M2.5 18.5h19" />
  </>,
);
export const CopyIcon = icon(
  <>
    <rect x="8.5" y="8.5" width="11" height="11.5" rx="2" />
    <path d="M15.5 5.5v-.4a1.6 1.6 0 0 0-1.6-1.6H6.1a1.6 1.6 0 0 0-1.6 1.6V13a2 2 0 0 0 1.5 1.9" />
  </>,
);
export const TerminalIcon = icon(
  <>
    <rect x="3" y="4.5" width="18" height="15" rx="2" />
    <path d="m7 9.5 3 2.5-3 2.5M12.5 15h4.5" />
  </>,
);
export const LinkIcon = icon(
  <path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1" />,
);
export const AgainIcon = icon(<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 3.5v4h-4" />);
export const CheckIcon = icon(<path d="m5 12.8 4.6 4.6L19.5 7" />);
export const DownIcon = icon(<path d="m6 9.5 6 6 6-6" />);
export const BackIcon = icon(<path d="m14.5 6-6 6 6 6" />);
export const CloseIcon = icon(<path d="m6.5 6.5 11 11m0-11-11 11" />);
const Go = icon(<path d="m9.5 6 6 6-6 6" />);

export function GoIcon() {
  return (
    <span className="go">
      <Go small />
    </span>
  );
}

/** The mark: a disc pierced by a keyhole whose ward turns right. */
export function MarkIcon({ size = 28 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 64 64"
      fill="currentColor"
      fillRule="evenodd"
      aria-hidden="true"
    >
      <path d="M32 4a28 28 0 1 1 0 56a28 28 0 1 1 0-56ZM25.6 48.5V29.4A7.6 7.6 0 1 1 33.4 29.4V39.9H44.4V42.9H40.6V45.5H44.4V48.5Z" />
    </svg>
  );
}
