package compat

import "testing"

// TestCasesGiveWhatConsulTemplateGives runs every case of testdata/cases with
// both programs.
func TestCasesGiveWhatConsulTemplateGives(t *testing.T) {
	f := seeded(t)
	total := 0
	for theme, cases := range themes(t) {
		total += len(cases)
		t.Run(theme, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.compare(t, f)
				})
			}
		})
	}
	if total < 300 {
		t.Errorf("%d cases, want 300 or more: was an archive lost?", total)
	}
}

// compare runs both programs side by side and judges what they left.
func (c *testCase) compare(t *testing.T, f *fixture) {
	t.Helper()
	reference, candidate := c.runBoth(t, f, pair(t, c.ownName && !itself(t)))
	if !itself(t) {
		keptFromTheWorld(t, reference, candidate, c.secrets)
	}
	if reference.status != c.status {
		t.Errorf("consul-template ended with %d, the case says %d:\n%s", reference.status, c.status, reference.log)
	}
	diff := difference(reference, candidate)
	switch {
	case c.differs == "" || itself(t):
		if diff != "" {
			t.Errorf("%s\nreference said:\n%s\ncandidate said:\n%s", diff, reference.log, candidate.log)
		}
	case candidate.String() != c.want:
		t.Errorf("row %q says that the candidate leaves\n%s\nbut it left\n%s\nand said:\n%s", c.differs, c.want, candidate, candidate.log)
	case diff == "":
		t.Errorf("nothing differs any more: is row %q out of date?", c.differs)
	}
}

// keptFromTheWorld requires that the candidate's files with secrets cannot be
// read by everybody, and then lets their modes count as the reference's.
func keptFromTheWorld(t *testing.T, reference, candidate outcome, files []string) {
	t.Helper()
	for _, name := range files {
		ours, there := candidate.files[name]
		if !there {
			continue
		}
		theirs, both := reference.files[name]
		if ours.mode != 0o600 && ours.mode != theirs.mode&^0o007 {
			t.Errorf("%s holds a secret and has the mode %v, which was %v", name, ours.mode, theirs.mode)
		}
		if both {
			ours.mode = theirs.mode
			candidate.files[name] = ours
		}
	}
}
