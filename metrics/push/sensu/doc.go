// Package sensu delivers snapshots to a Sensu Go agent, as events posted to its
// /events.
//
// One event carries all values as points, with labels as tags, the moment of the
// snapshot in whole seconds, and the status of a check that is always well, since
// agents want one in every event. Each exec check that was run is an event of its
// own, with its status and its output. An agent takes ten events a second: the
// target stays below that, and sends what is worth most first, the checks.
//
// Other texts cannot be represented and are counted, and so are values that are
// not finite: JSON has none.
//
// A [Target] belongs to one goroutine.
package sensu
