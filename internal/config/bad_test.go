package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
)

// Each file in testdata/bad breaks one rule. The message beside it must come
// out, as users read it.
func TestEachRuleHasItsMessage(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d bad fixtures, %v", len(files), err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			_, err := config.Load(config.Options{Path: name, Running: true})
			if err == nil {
				t.Fatal("it was accepted")
			}
			if _, ok := errors.AsType[config.Errors](err); !ok {
				t.Errorf("the error is a %T", err)
			}
			if strings.Contains(err.Error(), "hvs.") {
				t.Error("the message shows a secret")
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".txt", []byte(err.Error()+"\n"))
		})
	}
}

func TestAllErrorsOfAFileAreReported(t *testing.T) {
	dir := project(t, "c.yaml", "log: {level: loud}\nwait: {min: 5}\ntemplates:\n- {contents: a}\n- {contents: a, destination: x, mode: 640}\n")
	_, err := config.Load(config.Options{Path: dir + "/c.yaml"})
	errs, _ := errors.AsType[config.Errors](err)
	lines := make([]int, len(errs))
	for i, e := range errs {
		lines[i] = e.Line
	}
	if want := []int{1, 2, 4, 5}; len(lines) != 4 || [4]int(lines) != [4]int(want) {
		t.Errorf("errors in lines %v, want %v:\n%v", lines, want, err)
	}
}

func TestMissingFileNamesTheFlag(t *testing.T) {
	_, err := config.Load(config.Options{Path: t.TempDir() + "/none.yaml"})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "check --config") {
		t.Errorf("error %v", err)
	}
}
