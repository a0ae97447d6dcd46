/** A photo whose true label is known to whoever plays the people. */
export interface LabelledPhoto {
  label: string
  /** What people know it by: the path of its file. */
  name?: string
  read(): Promise<Uint8Array>
}

/** Where a run's photos come from, split so that nothing is seen twice. */
export interface PhotoSupply {
  /** The same for the same photos in the same sets: a run can go on only with these. */
  key: string
  /** Judges candidates; never trained on. */
  golden: readonly LabelledPhoto[]
  /** Measures the result; nothing of the loop ever sees them. */
  test: readonly LabelledPhoto[]
  /** Labelled from the start. */
  seeds: readonly LabelledPhoto[]
  /** What the cameras see, in order; undefined past the end. */
  stream(index: number): LabelledPhoto | undefined
}
