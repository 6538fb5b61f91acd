package logging

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultName is the name of the log in a directory.
const defaultName = "concierge.log"

// series names the files of one log: "dir/app.log" becomes
// "dir/app-1700000000000000000.log", with the time it was begun in nanoseconds
// since 1970, as in consul-template.
type series struct{ dir, stem, ext string }

func seriesOf(path string) series {
	if info, err := os.Stat(path); strings.HasSuffix(path, "/") || err == nil && info.IsDir() {
		path = filepath.Join(path, defaultName)
	}
	dir, name := filepath.Split(path)
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if ext == "" {
		ext = ".log"
	}
	return series{dir: dir, stem: stem, ext: ext}
}

// at is the path of the file that was begun at t.
func (s series) at(t time.Time) string {
	return filepath.Join(s.dir, s.stem+"-"+strconv.FormatInt(t.UnixNano(), 10)+s.ext)
}

// begunAt returns when the file called name was begun, and false for a file
// that is not of this series, "app-access.log" for example.
func (s series) begunAt(name string) (int64, bool) {
	rest, ok := strings.CutPrefix(name, s.stem+"-")
	digits, ok2 := strings.CutSuffix(rest, s.ext)
	if !ok || !ok2 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	begun, err := strconv.ParseInt(digits, 10, 64)
	return begun, err == nil
}

// besides returns the paths of all files but the one begun at t, oldest first.
func (s series) besides(t time.Time) ([]string, error) {
	entries, err := os.ReadDir(filepath.Clean(s.dir + "."))
	if err != nil {
		return nil, err
	}
	var times []int64
	for _, e := range entries {
		if begun, ok := s.begunAt(e.Name()); ok && begun != t.UnixNano() {
			times = append(times, begun)
		}
	}
	slices.Sort(times)
	paths := make([]string, len(times))
	for i, begun := range times {
		paths[i] = s.at(time.Unix(0, begun))
	}
	return paths, nil
}
