/**
 * Radio buttons of the exported page that a finger reached before anything heard it. What is returned presses them
 * again, in what was drawn over the page.
 */
export function chosenEarly(): () => void {
  const labels = [...document.querySelectorAll<HTMLInputElement>('input[type=radio]')]
    .filter(({ checked, defaultChecked }) => checked && !defaultChecked)
    .map(({ ariaLabel }) => ariaLabel ?? '');
  return () => {
    for (const label of labels)
      document.querySelector<HTMLElement>(`input[type=radio][aria-label="${CSS.escape(label)}"]`)?.click();
  };
}
