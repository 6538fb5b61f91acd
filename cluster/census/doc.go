// Package census counts the instances of a service and acts on the counts.
//
// [Count] is what is counted, a pure function over the instances that are there.
// While its instance is elected, a [Clerk] writes the counts to the store, for
// templates, people and other programs, and leaves last words for those who
// vanished without any. [Rules] run a command when a number has been so for a
// while: once per fleet, whoever leads, however often the leader changes.
//
// docs/counts.md has the records and what happens on which failure.
package census
