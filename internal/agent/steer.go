package agent

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"concierge/internal/admin"
)

// processJob is the name of the process among the jobs.
const processJob = "process"

// jobNames are those that can be steered.
func (i *instance) jobNames() []string {
	if i.prog.process == nil {
		return nil
	}
	return []string{processJob}
}

// known returns an error unless there is a job of that name.
func (i *instance) known(job string) error {
	if names := i.jobNames(); !slices.Contains(names, job) {
		return &admin.UnknownJobError{Job: job, Known: names}
	}
	return nil
}

// restartJob restarts a job that an operator names.
func (i *instance) restartJob(job string) error {
	if err := i.known(job); err != nil {
		return err
	}
	return errors.New("restarting on demand is not possible yet; change a file or a variable of the job instead")
}

// signalJob signals a job that an operator names.
func (i *instance) signalJob(job string, sig syscall.Signal) error {
	if err := i.known(job); err != nil {
		return err
	}
	if !i.applier.Running() {
		return fmt.Errorf("%s is not running (see concierge ctl status)", job)
	}
	if err := i.applier.Signal(sig); err != nil {
		return fmt.Errorf("signalling %s: %w", job, err)
	}
	return nil
}

// jobs describes what is looked after.
func (i *instance) jobs() []admin.Job {
	jobs := []admin.Job{}
	if i.prog.process == nil {
		return jobs
	}
	job := admin.Job{Name: processJob, Type: processJob, State: admin.JobStopped, Error: i.shown(i.handover.lastErr)}
	switch {
	case i.applier.Running():
		job.State = admin.JobRunning
	case i.handover.taken == nil:
		job.State = admin.JobWaiting
	}
	return append(jobs, job)
}
