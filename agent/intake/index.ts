/**
 * From a device's publication to a photo and an event on disk.
 * @module
 */
export { createIntake, type Intake, openSequences, type Received, type Sequences } from './intake.ts'
