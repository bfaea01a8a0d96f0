package page

// box is a rectangle.
type box struct{ x, y, w, h float64 }

// squarify divides a rectangle into one for each size, with areas in proportion
// to the sizes and shapes as near to squares as can be (Bruls, Huizing and van
// Wijk, Squarified Treemaps, 2000). The sizes are positive, the largest first.
func squarify(in box, sizes []float64) []box {
	total := 0.0
	for _, s := range sizes {
		total += s
	}
	boxes := make([]box, 0, len(sizes))
	for len(sizes) > 0 {
		scale := in.w * in.h / total
		n := row(sizes, min(in.w, in.h), scale)
		sum := 0.0
		for _, s := range sizes[:n] {
			sum += s
		}
		var laid []box
		laid, in = lay(in, sizes[:n], sum, sum/total)
		boxes = append(boxes, laid...)
		sizes, total = sizes[n:], total-sum
	}
	return boxes
}

// row returns how many of the sizes make up the next row along a side: so many
// that the worst shape of them is best.
func row(sizes []float64, side, scale float64) int {
	sum, best := 0.0, 0.0
	for i, s := range sizes {
		sum += s
		area := sum * scale
		// The first is the largest and the last is the smallest.
		worst := max(side*side*sizes[0]*scale/(area*area), area*area/(side*side*s*scale))
		if i > 0 && worst > best {
			return i
		}
		best = worst
	}
	return len(sizes)
}

// lay puts sizes, which are a share of all that are left, side by side along the
// shorter side of a rectangle. rest is what is left of it.
func lay(in box, sizes []float64, sum, share float64) (laid []box, rest box) {
	rest = in
	if in.w >= in.h {
		w, y := in.w*share, in.y
		for _, s := range sizes {
			laid = append(laid, box{in.x, y, w, in.h * s / sum})
			y += in.h * s / sum
		}
		rest.x, rest.w = in.x+w, in.w-w
		return laid, rest
	}
	h, x := in.h*share, in.x
	for _, s := range sizes {
		laid = append(laid, box{x, in.y, in.w * s / sum, h})
		x += in.w * s / sum
	}
	rest.y, rest.h = in.y+h, in.h-h
	return laid, rest
}
