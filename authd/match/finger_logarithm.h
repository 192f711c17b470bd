#pragma once

/* Natural logarithm of ${x} > 0, to 1e-7, the same on every processor. */
double finger_logarithm(double x);
