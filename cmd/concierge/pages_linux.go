package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// programPages are the parts of memory where concierge's own program is mapped
// and nobody writes. They stay the same as long as the process lives.
type programPages []pageRange

type pageRange struct{ begin, size uintptr }

// findProgram returns where the program is mapped; nothing if that cannot be
// found out.
func findProgram() programPages {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil
	}
	defer func() { _ = maps.Close() }()
	own, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	var found programPages
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if begin, end, ok := readOnly(lines.Text(), own); ok {
			found = append(found, pageRange{begin, end - begin})
		}
	}
	return found
}

// forget gives back the mapped pages of the program. The kernel maps 16 pages
// around each one that is used, so that the initialization of the packages alone
// makes nearly the whole file resident; what is used from now on comes back, from
// the page cache. Pages that are not mapped are also the first that a small
// control group can do without. It may be called concurrently; an error leaves all
// as it is.
func (p programPages) forget() {
	for _, r := range p {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, r.begin, r.size, unix.MADV_DONTNEED)
	}
}

// readOnly takes a line of proc_pid_maps(5) apart if it is a mapping of the file
// that nobody writes to: all that is in it is in the file, too.
func readOnly(line, file string) (begin, end uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 6 || fields[5] != file || fields[1] != "r-xp" && fields[1] != "r--p" {
		return 0, 0, false
	}
	from, to, _ := strings.Cut(fields[0], "-")
	first, err1 := strconv.ParseUint(from, 16, int(8*unsafe.Sizeof(begin)))
	last, err2 := strconv.ParseUint(to, 16, int(8*unsafe.Sizeof(end)))
	return uintptr(first), uintptr(last), err1 == nil && err2 == nil && first < last
}
