#include "provisioning/box_anchors.h"
#include "provisioning/pepper_roll.h"
#include "provisioning/root_roll.h"
#include "provisioning/upkeep.h"
#include "provisioning/wrapping.h"

#define ASK_AGAIN_MS 1000

int upkeep_turn(struct provd *provd) {
    static int (*const turns[])(struct provd * provd) = {wrapping_turn, pepper_roll_turn,
                                                         root_roll_turn, box_anchors_turn};
    int wait_ms = ASK_AGAIN_MS;
    if ((BOX_STATE_BIT(provd->state) & PROVD_SERVING) == 0)
        return wait_ms;
    standing_look(provd);
    for (size_t i = 0; i < sizeof turns / sizeof *turns && provd->fatal == ERR_OK; i++) {
        int wanted_ms = turns[i](provd);
        wait_ms = wanted_ms < wait_ms ? wanted_ms : wait_ms;
    }
    return wait_ms;
}
