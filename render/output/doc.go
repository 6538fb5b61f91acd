// Package output puts rendered bytes into files. A file is staged first:
// written completely beside its target, with its final mode and owner, and
// synced. A commit is then a rename, so a reader, a crash or a kill at any
// moment sees the old file or the new one and nothing between.
//
// Staged files are called .NAME.concierge-N and are locked (flock) by the
// process that made them. Those a killed process left behind are unlocked and
// are removed by the next staging of the same target.
//
// The files of a directory can change together, as a tree: see [TreeTarget].
package output
