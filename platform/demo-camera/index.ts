export { createDemoCamera, type DemoCamera, type DemoCameraOptions, type DemoScene } from './camera.ts'
