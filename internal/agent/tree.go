package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"concierge/reload"
	"concierge/render/output"
)

// treeLink is the link to the generation in force in the directory of a set.
const treeLink = "..data"

// tree is all files of a set that change in one step below one directory.
type tree struct {
	target output.TreeTarget
	files  []output.TreeFile
}

// Stage implements reload.File.
func (t tree) Stage() (reload.Staged, error) { return output.StageTree(t.target, t.files) }

// inTree is a check of one file of a tree.
type inTree struct {
	check reload.Check
	rel   string // path of the file in the tree
}

// Check implements reload.Check. The candidate it is given is the directory.
func (c inTree) Check(ctx context.Context, candidate reload.Candidate) error {
	candidate.Dir = candidate.Path
	candidate.Path = filepath.Join(candidate.Dir, c.rel)
	return c.check.Check(ctx, candidate)
}

// treeOutput describes a set with a directory to the supervisor.
func (s *set) treeOutput() (reload.Output, []reload.Check) {
	out := reload.Output{Path: filepath.Join(s.dir, treeLink)}
	t := tree{target: output.TreeTarget{Dir: s.dir, CreateDirs: true}}
	for _, f := range s.past.before { // older than the version before, if that was not found healthy
		t.target.Keep = append(t.target.Keep, f.Link)
	}
	var checks []reload.Check
	for _, u := range s.units {
		rel, err := filepath.Rel(s.dir, u.target.Path)
		if err != nil {
			rel = filepath.Base(u.target.Path) // refused with the configuration
		}
		t.files = append(t.files, output.TreeFile{
			Path: rel, Mode: u.target.Mode, User: u.target.User, Group: u.target.Group,
			Secret: u.result.Tainted, Content: u.result.Output,
		})
		for _, check := range u.allChecks() {
			out.Checks = append(out.Checks, inTree{check, rel})
		}
		out.OnChange = append(out.OnChange, u.onChange...)
	}
	for _, check := range s.checks {
		checks = append(checks, inTree{check, t.files[0].Path})
	}
	out.File = t
	return out, checks
}

// restoredTree goes back to the generation before.
type restoredTree struct{ relink }

// Commit implements reload.Staged. If the tree does not know that generation
// as the one before, its link alone is put back.
func (r restoredTree) Commit() error {
	dir := filepath.Dir(r.path)
	if before, err := output.Previous(dir); err == nil && filepath.Base(before) == r.to {
		return output.RestoreTree(dir)
	}
	if _, err := os.Stat(filepath.Join(dir, r.to)); err != nil {
		return fmt.Errorf("going back to the directory before: %w", err)
	}
	return r.relink.Commit()
}
