package convert

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"concierge/internal/config"
)

var procfileLine = regexp.MustCompile(`^([A-Za-z0-9_-]+):\s*(\S.*)$`)

// procfileEntry is a line of a Procfile.
type procfileEntry struct{ name, command string }

// fromProcfile translates a Procfile: web is the process, or the first one if
// there is no web. release is what Heroku runs before a new version is started.
func fromProcfile(files []File, out *result) error {
	if len(files) != 1 {
		return fmt.Errorf("a Procfile stands alone, and these are %d files; convert them one by one", len(files))
	}
	entries, err := readProcfile(files[0])
	if err != nil {
		return err
	}
	out.comment("", "PORT and what stands in .env are not set; see environment.set.")
	process := processOf(entries)
	for _, e := range entries {
		program := config.Program{Command: []string{"/bin/sh", "-c", e.command}, SignalGroup: true}
		if e.name == process {
			out.config.Process = &config.Process{Program: program}
			out.note(config.ProcessName, "Was %s. Its end is the end of concierge, with its exit status.", e.name)
			continue
		}
		if out.config.Jobs == nil {
			out.config.Jobs = make(map[string]*config.Job)
			out.comment("jobs", "Runners of a Procfile end all programs when one ends; here it is started again.\nFor the former: restart: {policy: never, give_up: end}")
		}
		out.config.Jobs[e.jobName()] = e.job(program, process)
	}
	return nil
}

func (e procfileEntry) jobName() string {
	if e.name == config.ProcessName || strings.HasPrefix(e.name, "-") {
		return "job-" + e.name
	}
	return e.name
}

func (e procfileEntry) job(program config.Program, process string) *config.Job {
	if e.name == "release" && process != "" {
		return &config.Job{Program: program, Type: config.JobOnce, Hook: "before_start"}
	}
	return &config.Job{Program: program}
}

// processOf returns the name of the entry that is the process.
func processOf(entries []procfileEntry) string {
	process := ""
	for _, e := range entries {
		if e.name == "web" || process == "" && e.name != "release" {
			process = e.name
		}
	}
	return process
}

func readProcfile(f File) ([]procfileEntry, error) {
	var entries []procfileEntry
	var errs []error
	seen := make(map[string]bool)
	n := 0
	for line := range strings.Lines(string(f.Text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := procfileLine.FindStringSubmatch(line)
		switch {
		case m == nil:
			errs = append(errs, fmt.Errorf("%s:%d: %q is not a line of a Procfile; write name: command", f.Path, n, line))
		case seen[m[1]]:
			errs = append(errs, fmt.Errorf("%s:%d: %s is there twice; choose another name", f.Path, n, m[1]))
		default:
			seen[m[1]] = true
			entries = append(entries, procfileEntry{m[1], m[2]})
		}
	}
	if len(entries) == 0 && errs == nil {
		errs = append(errs, fmt.Errorf("%s: has no programs; write name: command", f.Path))
	}
	return entries, errors.Join(errs...)
}
