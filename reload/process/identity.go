package process

import (
	"fmt"
	"maps"
	"os/user"
	"slices"
	"strconv"
)

// Identity is what a program gets that the kernel keeps for each process. The
// zero value is that of concierge.
type Identity struct {
	User  string // name or number; "" is concierge's own
	Group string // name or number; "" is that of the user
	Umask *int   // nil is concierge's own
	// Limits are resource limits by their name in limits.conf(5): nofile,
	// core, …
	Limits map[string]Limit
}

// Limit is a resource limit, as of setrlimit(2); [Unlimited] is none.
type Limit struct{ Soft, Hard uint64 }

// Unlimited is RLIM_INFINITY.
const Unlimited = ^uint64(0)

// String is the limit as it is written in the configuration.
func (l Limit) String() string {
	text := func(n uint64) string {
		if n == Unlimited {
			return "unlimited"
		}
		return strconv.FormatUint(n, 10)
	}
	return text(l.Soft) + ":" + text(l.Hard)
}

// plain reports whether nothing is to be changed before a program is executed.
func (i Identity) plain() bool {
	return i.User == "" && i.Group == "" && i.Umask == nil && len(i.Limits) == 0
}

func (i Identity) same(j Identity) bool {
	mask := func(m *int) int {
		if m == nil {
			return -1
		}
		return *m
	}
	return i.User == j.User && i.Group == j.Group && mask(i.Umask) == mask(j.Umask) && maps.Equal(i.Limits, j.Limits)
}

// account is what is to become of a user and group.
type account struct {
	UID, GID int // -1 is unchanged
	Groups   []int
	env      []string // HOME, USER and LOGNAME, as login sets them
}

// account looks the user and group up.
func (i Identity) account() (account, error) {
	a := account{UID: -1, GID: -1}
	if i.User != "" {
		if err := a.lookUp(i.User, i.Group != ""); err != nil {
			return a, err
		}
	}
	if i.Group != "" {
		gid, err := groupID(i.Group)
		if err != nil {
			return a, err
		}
		a.GID = gid
	}
	return a, nil
}

// lookUp takes a user with all of its groups. A number needs no account, but
// then somebody has to say which group.
func (a *account) lookUp(name string, hasGroup bool) error {
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if uid, numErr := strconv.Atoi(name); err != nil && numErr == nil {
		if !hasGroup {
			return fmt.Errorf("user %s has no account, so its group is not known: set group, too", name)
		}
		a.UID = uid
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking up user %s: %w", name, err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("looking up the groups of user %s: %w", name, err)
	}
	for _, id := range append([]string{u.Uid, u.Gid}, ids...) {
		if _, err := strconv.Atoi(id); err != nil {
			return fmt.Errorf("looking up user %s: %w", name, err)
		}
	}
	a.UID, _ = strconv.Atoi(u.Uid)
	a.GID, _ = strconv.Atoi(u.Gid)
	for _, id := range ids {
		gid, _ := strconv.Atoi(id)
		a.Groups = append(a.Groups, gid)
	}
	slices.Sort(a.Groups)
	a.env = []string{"HOME=" + u.HomeDir, "USER=" + u.Username, "LOGNAME=" + u.Username}
	return nil
}

func groupID(name string) (int, error) {
	if gid, err := strconv.Atoi(name); err == nil && gid >= 0 {
		return gid, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("looking up group %s: %w", name, err)
	}
	return strconv.Atoi(g.Gid)
}
