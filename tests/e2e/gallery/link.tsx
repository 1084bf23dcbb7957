import type { ComponentProps } from 'react';

/** next/link without Next's router: a plain link, as the exported pages have before hydration. */
export default function Link(props: ComponentProps<'a'>) {
  return <a {...props} />;
}
