package agent

import (
	"fmt"
	"slices"
	"syscall"

	"concierge/internal/admin"
	"concierge/internal/config"
	"concierge/reload/job"
)

// jobNames are those that can be steered.
func (i *instance) jobNames() []string {
	var names []string
	for _, s := range i.jobStates() {
		names = append(names, s.Name)
	}
	return names
}

// jobStates describes what is looked after; the process only if there is one.
func (i *instance) jobStates() []job.Status {
	all := i.applier.Jobs.Status()
	if i.prog.process == nil {
		all = slices.DeleteFunc(all, func(s job.Status) bool { return s.Name == config.ProcessName })
	}
	return all
}

// steered returns a job that an operator names.
func (i *instance) steered(name string) (*job.Job, error) {
	names := i.jobNames()
	if !slices.Contains(names, name) {
		return nil, &admin.UnknownJobError{Job: name, Known: names}
	}
	return i.applier.Jobs.Find(name)
}

// restarting returns what restarts a job that an operator names. It is not for
// the loop, because it takes as long as the job takes to stop.
func (i *instance) restarting(name string) (func() error, error) {
	j, err := i.steered(name)
	if err != nil {
		return nil, err
	}
	if name == config.ProcessName && i.handover.taken == nil {
		return nil, fmt.Errorf("the process was not started yet (see concierge ctl status for what it waits for)")
	}
	i.log.Info("restarting on demand", "job", name)
	return j.Again, nil
}

// signalJob signals a job that an operator names.
func (i *instance) signalJob(name string, sig syscall.Signal) error {
	j, err := i.steered(name)
	if err != nil {
		return err
	}
	if !j.Running() {
		return fmt.Errorf("%s is not running (see concierge ctl status)", name)
	}
	if err := j.Signal(sig); err != nil {
		return fmt.Errorf("signalling %s: %w", name, err)
	}
	return nil
}

// describeJobs describes what is looked after, for the status.
func (i *instance) describeJobs() []admin.Job {
	list := []admin.Job{}
	for _, s := range i.jobStates() {
		j := admin.Job{
			Name: s.Name, Type: string(s.Kind), State: admin.JobState(s.State), PID: s.PID, Since: s.Since,
			Restarts: s.Restarts, LastStatus: s.Last, Ready: s.Ready, WaitsFor: s.WaitsFor, Error: i.shown(s.Problem),
		}
		if s.Name == config.ProcessName {
			j.Type = string(job.Main)
			if i.handover.taken == nil {
				j.State, j.WaitsFor = admin.JobWaiting, i.applier.Jobs.Unmet(i.prog.process.Plan.Needs)
			}
			if j.Error == "" {
				j.Error = i.shown(i.handover.lastErr)
			}
		}
		list = append(list, j)
	}
	return list
}
