#pragma once

/*
 * What the matcher assumes about fingers and about those who extract minutiae. Lengths are pixels
 * at 500 dpi, angles 256ths of a circle. docs/matching.md tells how the values were chosen.
 */

/* Surroundings. */
#define RADIUS         100   /* of the disc whose minutiae describe the one in its middle */
#define HULL_MARGIN    24    /* by which the visible area exceeds the minutiae's hull */
#define TOLERANCE      12.0f /* of a neighbour's place, |dx| + |dy|, close by */
#define TOLERANCE_RISE 0.08f /* and what each pixel of distance adds */
#define PRIOR          900   /* as if so much weight of neighbours had been missed */

/* Candidates. */
#define DIRECTION_GATE     60  /* fingers are not turned further than this */
#define SIMILARITY_MIN     328 /* of 16384 */
#define CANDIDATES_MINUTIA 2   /* the best partners of a minutia */

/* Compatibility of two candidates. */
#define RADIAL           6.0f /* tolerance of the distance of two minutiae */
#define RADIAL_RISE      0.06f
#define TANGENTIAL       6.0f /* across it: directions are known less well than places */
#define TANGENTIAL_RISE  0.17f
#define TURN_TOLERANCE   28 /* by which two candidates may differ in their turn */
#define COMPATIBLE       0.1f
#define RELAXATIONS      5
#define RELAXATION_SHARE 0.5f

/* Alignment. */
#define PROMISING       0.8f
#define SEEDS           6 /* candidates from which an alignment is tried */
#define PAIR_DISTANCE   20.0f
#define PAIR_DISTANCE_2 19.0f /* after the skin's distortion was taken out */
#define PAIR_TURN       26
#define PAIR_CHOICES    8      /* partners in reach that are looked at, for one minutia */
#define DIRECTION_PULL  400.0f /* how much a pair's directions turn the alignment, px^2 */
#define FLOW_REACH      60.0f  /* over which distortion is alike */
#define FLOW_STIFFNESS  0.15f

/* Evidence. */
#define EDGE_NEIGHBOURS 6
#define EDGE_REACH      90.0f
#define EDGE            6.0f
#define EDGE_RISE       0.1f
#define OVERLAP_PRIOR   4.0f /* minutiae that both might show and none does */
#define SIMILAR_PRIOR   0.2f
#define PAIRED_PRIOR    8.0f
#define EDGES_PRIOR     1.0f
#define TURN_USUAL      50.0f /* by which fingers are often turned */
#define BASE_PRIOR      0.02f
#define AROUND          3.0f
#define CHANCE          0.55f
#define CHANCE_PRIOR    0.2f
#define CLOSE_SHARE     0.06f
