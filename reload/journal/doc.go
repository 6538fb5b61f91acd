// Package journal remembers on disk what was applied, so that after a crash an
// action that is owed is done, a set that was half in place becomes whole
// again, and a version that was found bad is not tried again.
//
// A state directory belongs to one instance (flock). It holds
//
//	lock     locked as long as the instance runs
//	journal  one JSON object a line, appended; rewritten when it is opened or large
//	kept/    the files of the generation before, by their SHA-256
//
// Both hold what the files themselves hold, secrets too, so the directory has
// the mode 0700. A last line that was cut off by a crash is ignored.
package journal
