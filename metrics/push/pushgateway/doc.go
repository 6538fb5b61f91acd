// Package pushgateway delivers snapshots as Prometheus text over HTTP: to a
// Prometheus Pushgateway, or to a server that imports such text, as
// VictoriaMetrics does.
//
// A Pushgateway holds one group of series for each job and instance, which a push
// replaces as a whole: what is gone from the application is gone there. It never
// forgets a group by itself, so [Target.Close] deletes it if asked to. Heartbeats
// are a group of their own, with the label part="heartbeat": a push that
// arrives late never undoes the last words. Samples have no moment there: they get
// that of each scrape.
//
// An importing server gets every sample with the moment of the snapshot, and the
// labels job and instance.
//
// A [Target] belongs to one goroutine, but for [Target.Beat], which may be
// called by others at the same time.
package pushgateway
