/**
 * A floating-point number as TensorFlow Serving writes it: six digits where they suffice to get the same number back, else
 * nine (`single`) or seventeen; whole numbers with `.0`; `NaN`, `Infinity` and `-Infinity` as bare words.
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/util/json_tensor.cc, WriteDecimal
 *
 * @param single whether the number is a float of 32 bits
 */
export function decimal(value: number, single: boolean): string {
  if (!Number.isFinite(value)) return String(value)
  const short = general(value, 6)
  const back = single ? Math.fround(Number(short)) : Number(short)
  const text = back === value ? short : general(value, single ? 9 : 17)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** C's `%.*g`. */
function general(value: number, precision: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [written, power] = exponential(Math.abs(value), precision)
  const digits = written.replace(/0+$/, '')
  const sign = value < 0 ? '-' : ''
  if (power < -4 || power >= precision) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${sign}${digits[0]}${tail}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0')
  const fraction = digits.slice(power + 1)
  return sign + whole + (fraction && `.${fraction}`)
}

/** So many digits without a point, and the power of ten of the first one. */
function exponential(value: number, precision: number): [digits: string, power: number] {
  const [digits, power] = split(value.toExponential(precision - 1))
  // JavaScript rounds a half up, C to even.
  const [longer, longerPower] = split(value.toExponential(precision))
  if (longer.endsWith('5') && Number.parseInt(longer.at(-2)!, 10) % 2 === 0 && isExact(value, precision)) {
    return [longer.slice(0, -1), longerPower]
  }
  return [digits, power]
}

/** Whether one digit more than `precision` is all that the number has. */
function isExact(value: number, precision: number): boolean {
  return /^0*$/.test(split(value.toExponential(60))[0].slice(precision + 1))
}

function split(text: string): [digits: string, power: number] {
  const [digits, power] = text.split('e') as [string, string]
  return [digits.replace('.', ''), Number(power)]
}
