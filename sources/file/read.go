package file

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"concierge/sources"
)

// settled is how old a modification must be before an unchanged time stamp is
// believed: file systems stamp in steps of up to two seconds, and a second
// write within one step leaves no trace.
const settled = 3 * time.Second

// fileCache keeps the contents of files between looks. Entries that a look did
// not ask for are dropped. The zero value is ready; it is owned by one
// goroutine.
type fileCache struct {
	last, now map[string]cached
}

type cached struct {
	info   fs.FileInfo
	readAt time.Time
	data   string
}

func (c *fileCache) begin() { c.now = make(map[string]cached, len(c.last)) }
func (c *fileCache) end()   { c.last, c.now = c.now, nil }

// read returns the content of the regular file that info was taken of, unless
// it is larger than limit bytes.
func (c *fileCache) read(path string, info fs.FileInfo, limit int64) (string, error) {
	known, ok := c.last[path]
	if !ok || !known.current(info) {
		data, err := readRegular(path, limit)
		if err != nil {
			return "", err
		}
		known = cached{info: info, readAt: time.Now(), data: data}
	}
	c.now[path] = known
	return known.data, nil
}

func (k cached) current(info fs.FileInfo) bool {
	return os.SameFile(k.info, info) && k.info.Size() == info.Size() && info.Size() > 0 &&
		k.info.ModTime().Equal(info.ModTime()) && k.readAt.Sub(info.ModTime()) > settled
}

// readRegular reads a regular file. It never waits for the other end of a pipe
// that took the file's place since it was looked at.
func readRegular(path string, limit int64) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("%w; check the permissions", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) > limit {
		return "", fmt.Errorf("%s is larger than %d bytes; split it", path, limit)
	}
	return string(data), nil
}

// pair makes the answer for one key.
func pair(key, value string) sources.KeyPair {
	return sources.KeyPair{Path: key, Value: value, ModifyIndex: digest(value)}
}

// digest is the ModifyIndex of a value: 53 bits, which every reader of JSON
// keeps; never 0, which stands for absence.
func digest(value string) uint64 {
	sum := sha256.Sum256([]byte(value))
	return max(binary.BigEndian.Uint64(sum[:])>>11, 1)
}
