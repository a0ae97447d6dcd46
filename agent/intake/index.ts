/**
 * From a device's publication to a photo and an event on disk.
 * @module
 */
export { createIntake, type Intake, type Received } from './intake.ts'
