package bench

import (
	"fmt"
	"os"
	"path/filepath"
)

// job is one scenario for one contender, in a directory of its own.
type job struct {
	scenario
	address string // of the store
	token   string // for the store, if it wants one
	dir     string
}

// files is how many templates the job has.
func (j job) files() int {
	if j.form == ownTemplates {
		return j.keys
	}
	return 1
}

// file is the template that has the i-th key.
func (j job) file(i int) int { return min(i, j.files()-1) }

// input is the n-th template, and output what it is rendered to.
func (j job) input(n int) string  { return filepath.Join(j.dir, fmt.Sprintf("in-%d.tmpl", n)) }
func (j job) output(n int) string { return filepath.Join(j.outputDir(), fmt.Sprintf("rendered-%d", n)) }

func (j job) outputDir() string { return filepath.Join(j.dir, "out") }

// config is a configuration file, for those who need one.
func (j job) config(extension string) string { return filepath.Join(j.dir, "config."+extension) }

func (j job) tokenFile() string { return filepath.Join(j.dir, "token") }

// tokenHolder is a store that wants a token.
type tokenHolder interface{ token() string }

// newJob makes a directory with everything the contender needs.
func (c contender) newJob(dir string, st store, s scenario) (job, error) {
	j := job{scenario: s, address: st.address(s)}
	if holder, ok := st.(tokenHolder); ok {
		j.token = holder.token()
	}
	var err error
	if j.dir, err = os.MkdirTemp(dir, "job-"); err != nil {
		return j, err
	}
	if err := os.Mkdir(j.outputDir(), 0o755); err != nil {
		return j, err
	}
	if err := c.prepare(j); err != nil {
		return j, fmt.Errorf("preparing %s for %s on %s: %w", c.name, s, st.name(), err)
	}
	return j, nil
}

// writeTemplates writes the templates, in the language that most share.
func writeTemplates(j job) error {
	if j.form != ownTemplates {
		return os.WriteFile(j.input(0), []byte(j.template()), 0o644)
	}
	for i := range j.keys {
		if err := os.WriteFile(j.input(i), []byte(j.line(i)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writeFiles(files map[string]string) error {
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
