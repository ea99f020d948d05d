declare module 'contestant' {
  import type { Open } from './contract.ts'
  /** Of the contestant that the page is bundled with. */
  export const open: Open
}
