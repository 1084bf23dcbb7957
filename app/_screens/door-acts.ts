import type { DoorFace } from '../_ui/types.ts';
import type { HoldStage } from '../_ui/use-hold.ts';

/** What a person can do with the door that is shown. */
export interface DoorActs {
  readonly arm: () => void;
  readonly release: () => void;
  readonly cancel: () => void;
  readonly stop: () => void;
  readonly close: () => void;
  readonly add: () => void;
  readonly ask: () => void;
  readonly retry: () => void;
  readonly closeAndOpen: () => void;
  /** Lifts what turns this device away; with a door, opens that then. */
  readonly unban: (door?: string) => void;
  readonly choose: (door: string) => void;
  /** The same for a door that is not the one shown: its row has a hold of its own. */
  readonly armDoor: (door: string) => void;
  readonly releaseDoor: (door: string) => void;
  readonly cancelDoor: (door: string) => void;
  readonly seconds: (seconds: number) => void;
  /** The chain as text, without addresses of others. */
  readonly report: () => string;
}

export interface UnderProps {
  readonly face: DoorFace;
  readonly acts: DoorActs;
  readonly stage: HoldStage;
  readonly twice: boolean;
  readonly onProof: () => void;
  readonly onRelay: () => void;
}
