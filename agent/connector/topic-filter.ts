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
