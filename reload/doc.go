// Package reload applies a change safely and looks after the process that
// lives with it: child processes, signals, commands, and the order in which
// files are staged, checked, put in place and acted upon.
//
// It is a leaf: it knows nothing of templates or stores. What it puts in place
// is declared here as small interfaces.
//
// Rules it keeps:
//   - All files of a [Set] are staged and checked before the first of them is
//     put in place; when one cannot be put in place the earlier ones are put
//     back.
//   - Actions asked for by several sets of one [Generation] are done once.
//   - Every child is the leader of its own process group. Signals go to the
//     leader; KILL always goes to the whole group, and what is left of a group
//     after its leader ended is asked to stop and then killed.
//   - All programs are started by one [Children], so that waiting for orphans
//     never takes the status of one of them.
package reload
