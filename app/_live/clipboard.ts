/** What became of a password that was copied. UI-free. */
export type Copied = 'none' | 'clears' | 'stays' | 'cleared' | 'notCleared' | 'notCopied';

const clearAfter = 60_000;
/** How long the end of it is said. */
const saidFor = 8000;

/**
 * Copies, and empties the clipboard 60 s later where the browser lets us: Chromium does, to a page in front. It
 * outlives the screen, so that leaving does not leave the password behind.
 */
class Clipboard {
  private copied: Copied = 'none';
  private held: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): Copied => this.copied;
  readonly getServer = (): Copied => 'none';

  /** Inside the tap, as iOS wants. True where it is on the clipboard now. */
  readonly copy = async (password: string): Promise<boolean> => {
    this.forget();
    try {
      await navigator.clipboard.writeText(password);
    } catch {
      this.say('notCopied');
      return false;
    }
    if (!(await granted('clipboard-write'))) {
      this.say('stays');
      return true;
    }
    this.held = password;
    this.say('clears');
    this.timer = setTimeout(() => void this.due(), clearAfter);
    return true;
  };

  private readonly again = (): void => void this.due();

  /** Only a page in front may write: otherwise as soon as it is there again. */
  private readonly due = async (): Promise<void> => {
    const { held } = this;
    if (held === undefined) return;
    if (!document.hasFocus()) {
      window.addEventListener('focus', this.again, { once: true });
      return;
    }
    this.forget();
    this.say(await this.clear(held));
    this.timer = setTimeout(() => this.say('none'), saidFor);
  };

  private async clear(held: string): Promise<Copied> {
    try {
      // Where we may read, what somebody copied since is left alone.
      if ((await granted('clipboard-read')) && (await navigator.clipboard.readText()) !== held) return 'none';
      await navigator.clipboard.writeText('');
      return 'cleared';
    } catch {
      return 'notCleared';
    }
  }

  private forget(): void {
    this.held = undefined;
    clearTimeout(this.timer);
    window.removeEventListener('focus', this.again);
  }

  private say(copied: Copied): void {
    this.copied = copied;
    for (const listener of this.listeners) listener();
  }
}

/** Firefox and Safari know no such permission: they let a page write only inside a tap. */
async function granted(name: 'clipboard-read' | 'clipboard-write'): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state === 'granted';
  } catch {
    return false;
  }
}

export const clipboard = new Clipboard();
