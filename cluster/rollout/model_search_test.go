package rollout

import (
	"slices"
	"strings"
)

// search visits every world that can be reached from one.
type search struct {
	rules
	*printer
	known map[[16]byte]int32
	came  []arrival  // by number: how each world was first reached
	edges [][2]int32 // the fair ones: from, to
	ends  []int32
	count int // transitions
	limit int // of states; 0 is none
}

type arrival struct {
	from int32
	name uint16 // number of the text
}

// run returns what is broken, with the way there; nothing if the proof holds.
func (s *search) run(start *world) string {
	s.printer, s.known = newPrinter(), make(map[[16]byte]int32)
	s.number(start, arrival{-1, s.id("start")})
	var queue worlds
	queue.push(start)
	for from := int32(0); ; from++ { // they are numbered in the order of the queue
		w := queue.pop()
		if w == nil {
			return s.stuck()
		}
		if s.limit > 0 && len(s.came) > s.limit {
			return "no end of states; the newest:\n" + s.way(from)
		}
		x := explorer{rules: s.rules, from: w}
		x.all()
		for _, st := range x.steps {
			s.count++
			to, fresh := s.number(st.to, arrival{from, s.id(st.name)})
			if st.fair && to != from {
				s.edges = append(s.edges, [2]int32{from, to})
			}
			if fresh {
				st.to.known = nil // it is made again sooner than it is kept
				queue.push(st.to)
			}
		}
		if len(x.wrong) > 0 {
			return strings.Join(x.wrong, "\n") + "\nafter:\n" + s.way(from) + "\nand one of: " + x.names()
		}
	}
}

// worlds are those that wait to be visited, in order.
type worlds struct {
	in, out []*world
	at      int // of out
}

func (q *worlds) push(w *world) { q.in = append(q.in, w) }

// pop is nil when nobody waits. What was visited is let go at once.
func (q *worlds) pop() *world {
	if q.at == len(q.out) {
		q.in, q.out, q.at = q.out[:0], q.in, 0
	}
	if len(q.out) == 0 {
		return nil
	}
	w := q.out[q.at]
	q.out[q.at] = nil
	q.at++
	return w
}

func (x *explorer) names() string {
	var names []string
	for _, st := range x.steps {
		names = append(names, st.name)
	}
	return strings.Join(names, ", ")
}

func (s *search) number(w *world, a arrival) (n int32, fresh bool) {
	h := s.print(w)
	if n, ok := s.known[h]; ok {
		return n, false
	}
	n = int32(len(s.came))
	s.known[h] = n
	s.came = append(s.came, a)
	if w.ended() {
		s.ends = append(s.ends, n)
	}
	return n, true
}

func (s *search) way(n int32) string {
	var steps []string
	for ; n >= 0; n = s.came[n].from {
		steps = append(steps, "  "+s.word(s.came[n].name))
	}
	slices.Reverse(steps)
	return strings.Join(steps, "\n")
}

// stuck finds a world from which no end can be reached by what happens by
// itself, without a further fault and without people (I5).
func (s *search) stuck() string {
	back := make([][]int32, len(s.came))
	for _, e := range s.edges {
		back[e[1]] = append(back[e[1]], e[0])
	}
	free := make([]bool, len(s.came))
	queue := slices.Clone(s.ends)
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !free[n] {
			free[n] = true
			queue = append(queue, back[n]...)
		}
	}
	if n := slices.Index(free, false); n >= 0 {
		return "I5: no end can be reached\nafter:\n" + s.way(int32(n))
	}
	return ""
}
