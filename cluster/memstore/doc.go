// Package memstore is a [cluster.Store] in memory. It is what models and tests
// of protocols run on: its state can be copied and set back, and its sessions
// end when the test says so. It is no store for a fleet, and nothing of a real
// store's faults is in it.
package memstore
