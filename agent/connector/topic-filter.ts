/**
 * Whether an MQTT topic filter matches a topic: `+` stands for one level, a closing `#` for all the rest.
 * Wildcards at the first level do not match topics that begin with `$`. MQTT 3.1.1, section 4.7.
 */
export function matchesTopic(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false
  }
  return wanted.length === levels.length
}

/** Those filters that no other one covers, each of them once: brokers may send a message once for each that it matches. */
export function uncovered(filters: readonly string[]): string[] {
  const all = [...new Set(filters)].sort()
  return all.filter((filter) => !all.some((other) => other !== filter && covers(other, filter)))
}

/** Whether every topic that matches `narrow` matches `wide`, too. */
function covers(wide: string, narrow: string): boolean {
  const outer = wide.split('/')
  const inner = narrow.split('/')
  if (narrow.startsWith('$') && (outer[0] === '+' || outer[0] === '#')) return false
  for (const [i, level] of outer.entries()) {
    if (level === '#') return true
    if (i >= inner.length || inner[i] === '#') return false
    if (level !== '+' && level !== inner[i]) return false
  }
  return outer.length === inner.length
}
