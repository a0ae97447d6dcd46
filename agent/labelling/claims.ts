import type { ClaimRecord, LabelTables } from './records.ts'

/** A photo that somebody is asked about. */
export interface Claim extends ClaimRecord {
  photo: string
}

export interface ClaimsOptions {
  /** How long a claim holds, in milliseconds. */
  claimMs: number
  /** Milliseconds since 1970. */
  clock(): number
}

/**
 * Who is asked about which photo. There are as many as people have on their screens, and a few that nobody ended. The
 * `…Sync` methods are for use inside `database.transaction`.
 */
export interface Claims {
  /** Those that hold, in the order in which people are asked about them. */
  all(): Claim[]
  of(photo: string): Claim | undefined
  /**
   * Makes or renews a person's claim; nobody else may have one.
   * @param place of a new one, among theirs @default 'last'
   */
  holdSync(photo: string, by: string, labels: readonly string[], place?: 'first' | 'last'): Claim
  /** Ends a person's claim, if they have it. */
  endSync(photo: string, by: string): void
  /** Ends whatever claim there is. */
  dropSync(photo: string): void
}

export function createClaims(tables: LabelTables, { claimMs, clock }: ClaimsOptions): Claims {
  /** A clock that was set back must not make a claim hold for longer than any. */
  function holds({ until }: ClaimRecord): boolean {
    const left = until - clock()
    return left > 0 && left <= claimMs
  }

  function of(photo: string): Claim | undefined {
    const found = tables.claims.get(photo)
    return found && holds(found) ? { photo, ...found } : undefined
  }

  function all(): Claim[] {
    const found = [...tables.claims.keys()].flatMap((photo) => of(String(photo)) ?? [])
    return found.sort((a, b) => a.number - b.number)
  }

  function numberAt(place: 'first' | 'last'): number {
    const others = all()
    return place === 'first' ? (others[0]?.number ?? 0) - 1 : (others.at(-1)?.number ?? 0) + 1
  }

  /** Nobody else looks for those that have expired. */
  function clearSync(): void {
    for (const photo of [...tables.claims.keys()]) if (!of(String(photo))) tables.claims.removeSync(photo)
  }

  return {
    all,
    of,

    holdSync(photo, by, labels, place = 'last') {
      const theirs = of(photo)
      if (!theirs) clearSync()
      const number = theirs?.number ?? numberAt(place)
      const claim = { by, labels: [...labels], until: clock() + claimMs, number }
      tables.claims.putSync(photo, claim)
      return { photo, ...claim }
    },

    endSync(photo, by) {
      if (tables.claims.get(photo)?.by === by) tables.claims.removeSync(photo)
    },

    dropSync: (photo) => void tables.claims.removeSync(photo),
  }
}
