// Package reload applies a change safely: files are staged, checked, put in
// place, told to the process and watched by its health checks; a change that
// the checks or the process do not like is undone.
//
// It knows nothing of templates or stores. What it puts in place is declared
// here as small interfaces. Below it, reload/process runs programs, reload/job
// looks after them, reload/probe asks whether they are healthy, reload/journal
// remembers on disk what was applied.
//
// Rules it keeps:
//   - All files of a [Set] are staged and checked before the first of them is
//     put in place; when one cannot be put in place the earlier ones are put
//     back.
//   - Actions asked for by several sets of one [Generation] are done once.
//   - What made a health check fail is undone within its window, and those who
//     were told of it are told again.
package reload
