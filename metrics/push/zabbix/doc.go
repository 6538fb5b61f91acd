// Package zabbix delivers snapshots to Zabbix servers and proxies, version 5.0
// and later, through the trapper protocol.
//
// All values of a push travel in one frame over one connection, each with the
// clock and the nanoseconds of the snapshot: a stamp at the head of the request
// does not reach the values. What the server could not take, such as NaN, is
// left out and counted, since it answers "processed" and breaks the item.
//
// The server says how many values had no item, never which; that is normal and
// no error. Before the first values, and when the set of metrics changes, the
// target announces what there is, and the server makes items of it (low-level
// discovery). It needs up to a minute and a half for that.
//
// A [Target] belongs to one goroutine, but for [Target.Beat], which may be
// called by others at the same time.
package zabbix
