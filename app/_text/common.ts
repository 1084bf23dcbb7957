/** What the words of several screens are made of. */

export type Place = 'phone' | 'tablet' | 'browser';

export const here: Record<Place, string> = {
  phone: 'this phone',
  tablet: 'this tablet',
  browser: 'this browser',
};
export const plural = (count: number, one: string, many: string) => (count === 1 ? one : many);
