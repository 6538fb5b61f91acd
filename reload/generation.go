package reload

import (
	"syscall"
	"time"

	"concierge/reload/job"
	"concierge/reload/process"
)

// File is an output that can be staged: written completely beside its target
// without touching it.
type File interface {
	// Stage blocks until the staged file is on disk.
	Stage() (Staged, error)
}

// Staged is a complete output that waits beside its target.
type Staged interface {
	// Path is where the staged bytes are, for check commands.
	Path() string
	// Changed is false when target and output are already the same; then
	// Commit does nothing.
	Changed() bool
	// Commit puts the file in place, atomically where the target allows.
	Commit() error
	// Flush makes a Commit outlast a crash of the machine.
	Flush() error
	// Rollback undoes a Commit as long as Discard was not called.
	Rollback() error
	// Discard removes whatever Stage and Commit left beside the target.
	// It may be called at any time, also twice.
	Discard() error
}

// ActionKind says what an [Action] does.
type ActionKind uint8

const (
	// NoAction leaves the process alone.
	NoAction ActionKind = iota
	// RunCommand runs a command to its end.
	RunCommand
	// SendSignal signals the process.
	SendSignal
	// ReloadProcess does what [Process.Reload] says.
	ReloadProcess
	// RestartProcess stops the process and starts it again.
	RestartProcess
)

// String names the action in logs.
func (k ActionKind) String() string {
	return [...]string{"none", "command", "signal", "reload", "restart"}[k]
}

// Action is what follows a change of a set.
type Action struct {
	Kind    ActionKind
	Signal  syscall.Signal  // of SendSignal
	Command process.Command // of RunCommand
	Job     string          // of SendSignal and RestartProcess: whom; empty is the process

	reloads bool // Command is how the process is told to reload
}

// Reload is how a process is told to read its configuration again: by Command
// if it has one, else by Signal, else by a restart.
type Reload struct {
	Signal  syscall.Signal
	Command process.Command
}

// action resolves ReloadProcess to what it means for this process.
func (r Reload) action() Action {
	switch {
	case len(r.Command.Command) > 0:
		return Action{Kind: RunCommand, Command: r.Command}
	case r.Signal != 0:
		return Action{Kind: SendSignal, Signal: r.Signal}
	}
	return Action{Kind: RestartProcess}
}

// Output is one file of a [Set] with what must accept it first.
type Output struct {
	File File
	// Path is what is replaced, for the journal; empty for what is not to be
	// put back after a crash.
	Path string
	// Checks are asked in order about the staged file, if it differs from what
	// is in place.
	Checks []Check
	// OnChange is done when this file changed.
	OnChange []Action
}

// Set is a group of files that change together or not at all.
type Set struct {
	Name    string
	Digest  string // of this version, for the journal
	Outputs []Output
	// Checks are asked in order about the staged set, if it differs from what is
	// in place. The candidate's path is that of the first file.
	Checks []Check
	// Secret says that the files hold secrets: what commands print about them
	// is then not part of any error.
	Secret bool
	// Owed says that actions of this set failed after its files were put in
	// place, so they are done also if no file changes now.
	Owed bool
	// Back says that what is in place is the version before one that was undone,
	// and that nobody was told of that yet. Owed is set too.
	Back bool
	// Watch is how the set is watched after its actions.
	Watch Watch
}

// Watch is how a change is watched by health checks. One that makes them fail
// is undone.
type Watch struct {
	Window time.Duration // 0 does not watch
	Checks []job.Check   // besides those of the process
	// Known says that what is in place now was found healthy, also if that was
	// before the process was started, so that it is something to go back to.
	Known bool
	// Always says that there is a version to go back to, and that this one was
	// not found healthy yet, although its files are in place: concierge was
	// interrupted.
	Always bool
	// Before puts back the version before if Always is set.
	Before []File
}

// Process is how the process is wanted to run.
type Process struct {
	Plan   job.Plan
	Reload Reload // how it is told to read its configuration again
}

// Generation is what one pass wants applied.
type Generation struct {
	Sets []Set
	// Process is nil while it must be left as it is. Otherwise it is started
	// if it does not run, and restarted if it runs with another command,
	// directory or environment.
	Process *Process
	// Together says that Process counts only if every set of this generation
	// is put in place and no command fails.
	Together bool
	// Outdated says that another process is to take the place of the one that
	// runs, sooner or later: as long as it has not, it is neither signalled nor
	// restarted because of changed files, which may be none of its business.
	Outdated bool
	// NoProcess says that there is no process and none is to come, so that what
	// is put in place is watched from the beginning. Else it is watched once the
	// process was started.
	NoProcess bool
	// Window is how long a process is watched that was restarted as another
	// one; 0 does not watch.
	Window time.Duration
	// CommandEnv is the environment of check and action commands that have none
	// of their own. They do not get the variables of the process, which may be
	// secret.
	CommandEnv []string
}

// Result is what became of one [Set].
type Result struct {
	Name string
	// Changed counts the files that were put in place.
	Changed int
	// Err is set when the files could not be staged, were refused by a check
	// or could not be put in place: the previous files are still there.
	Err error
	// Rejected says that Err is a check's refusal.
	Rejected bool
	// ActionErr is set when the files are in place but an action failed.
	ActionErr error
	// Undone says that Err is what the health checks said of the new version,
	// and that the version before is back.
	Undone bool
	// Alone says that nothing else changed together with an Undone set, so that
	// it is to blame.
	Alone bool
	// Untold says that the actions after the version before was brought back
	// have failed.
	Untold bool
	// Stuck says that Err is what the health checks said of the new version, and
	// that the version before could not be brought back: the new one is in place.
	Stuck bool
}

// Report is what became of a [Generation].
type Report struct {
	Results []Result
	// StartErr is a [*StartError] when no process could be started.
	StartErr error
	// ProcessErr is set when the process could not be restarted as wanted; it
	// runs as it did before, unless StartErr is set too.
	ProcessErr error
	// ProcessUndone says that ProcessErr is what the health checks said of the
	// process as wanted; it runs as before. ProcessAlone says that nothing else
	// changed together with it, so that it is to blame.
	ProcessUndone, ProcessAlone bool
	// Taken says that the process runs as the generation wants it.
	Taken bool
	// Actions lists what was done, for the log.
	Actions []string
	Elapsed time.Duration
	// Written, Told and Healthy are when the files were in place, when everybody
	// had been told, and when the health checks had accepted that; zero if it did
	// not come to that, or nothing was checked.
	Written, Told, Healthy time.Time

	restarted bool // the process was started or restarted
}

func (r *Report) did(action string) { r.Actions = append(r.Actions, action) }
