// A canvas that is sharp on every screen and follows the theme.

export interface Surface {
  /** In CSS pixels. */
  readonly width: number
  readonly height: number
  readonly context: CanvasRenderingContext2D
  /** Value of a custom property of the page, such as `--accent`. */
  color(name: string): string
}

/** Font of small print on every picture. */
export const SMALL = '11px system-ui, sans-serif'

let styles: CSSStyleDeclaration | undefined

export function paint(canvas: HTMLCanvasElement, draw: (surface: Surface) => void): void {
  const context = canvas.getContext('2d')
  const { clientWidth: width, clientHeight: height } = canvas
  if (!context || width === 0) return
  const scale = window.devicePixelRatio || 1
  const [deviceWidth, deviceHeight] = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth
    canvas.height = deviceHeight
  }
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  // Live: it is computed once and shows later theme changes too.
  styles ??= getComputedStyle(document.documentElement)
  const computed = styles
  draw({ width, height, context, color: (name) => computed.getPropertyValue(name).trim() })
}
