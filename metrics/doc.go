// Package metrics is what is measured and where it goes: samples of one moment,
// those who collect them, and those who deliver them.
//
// One cycle reads every endpoint once, gives everything the same clock, and
// delivers it in one piece to every target. What the delivery took, or that it
// failed, is a value of its own.
//
// The packages below it: collect reads the application and the container, push
// delivers, cycle does both on time, telemetry is concierge's own.
package metrics
