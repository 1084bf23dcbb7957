import NextLink from 'next/link';
import type { ComponentProps } from 'react';

/** A link within the app. Nothing is fetched before it is pressed: the service worker has every page already. */
export function Link(props: ComponentProps<typeof NextLink>) {
  return <NextLink prefetch={false} {...props} />;
}
