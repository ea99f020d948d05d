// One drawing rhythm for the whole page: ten times a second, once a second for people who asked for less motion, never while hidden.

const FRAME = 100
const CALM_FRAME = 1_000

export function createTicker(render: (now: number) => void): { start(): void } {
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  let last = -Infinity
  function frame(now: number): void {
    if (now - last >= (calm.matches ? CALM_FRAME : FRAME)) {
      last = now
      render(performance.now())
    }
    requestAnimationFrame(frame)
  }
  return { start: () => void requestAnimationFrame(frame) }
}
