#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
    [TEXT_STATUS_STATE] = {"state: %1; record keys: generation %2",
                           "état : %1 ; clés d'enregistrement : génération %2"},
    [TEXT_STATUS_PROCESSES] = {"core and unseal: %1; signers: %2",
                               "core et unseal : %1 ; signataires : %2"},
    [TEXT_STATUS_SEQUENCE] = {"registry: commit %1, %2 salts", "registre : commit %1, %2 sels"},
    [TEXT_STATUS_PEOPLE] = {"people: %1; VIDs: %2", "personnes : %1 ; VID : %2"},
    [TEXT_STATUS_PROGRAMMES] = {"partners, policies, API keys: %1; licences, anchors: %2",
                                "partenaires, politiques, clés d'API : %1 ; licences, ancres : %2"},
    [TEXT_STATUS_JOSE] = {"partners with keys for the JOSE profile: %1",
                          "partenaires avec des clés pour le profil JOSE : %1"},
    [TEXT_STATUS_ENROLLED] = {"people with biometrics: %1", "personnes avec biométrie : %1"},
    [TEXT_STATUS_ROOT_OFFERED] = {"record roots: %1, waits for core",
                                  "racines des enregistrements : %1, attend core"},
    [TEXT_STATUS_ROOT_SWEEPING] = {"record roots: %1, %2 %",
                                   "racines des enregistrements : %1, %2 %"},
    [TEXT_STATUS_ROOT_VERIFYING] = {"record roots: %1, verified %2 %",
                                    "racines des enregistrements : %1, vérifié %2 %"},
    [TEXT_STATUS_ROOT_DONE] = {"record roots: %1, complete",
                               "racines des enregistrements : %1, achevé"},
    [TEXT_STATUS_ROOT_LEFT] =
        {"record roots: %1, but for %2 damaged rows: import these people again "
         "(the log of provd has the rows), then `officer root sweep`",
         "racines des enregistrements : %1, sauf %2 lignes abîmées : réimportez "
         "ces personnes (le journal de provd a les lignes), puis `officer root "
         "sweep`"},
    [TEXT_STATUS_KEK] = {"record roots: wrapped by IDA/KEK generation %1",
                         "racines des enregistrements : enveloppées par IDA/KEK génération %1"},
    [TEXT_STATUS_PEPPER] = {"pepper: generation %1", "poivre : génération %1"},
    [TEXT_STATUS_PEPPER_SWEEPING] = {"pepper: %1, %2 %", "poivre : %1, %2 %"},
    [TEXT_STATUS_PEPPER_VERIFYING] = {"pepper: %1, verified %2 %", "poivre : %1, vérifié %2 %"},
    [TEXT_STATUS_PEPPER_DONE] = {"pepper: %1, complete", "poivre : %1, achevé"},
    [TEXT_STATUS_PEPPER_LEFT] = {"pepper: %1, but for %2 rows, which keep the older pepper in use",
                                 "poivre : %1, sauf %2 lignes, qui retiennent l'ancien poivre"},
    [TEXT_STATUS_PEPPER_VIDS] =
        {"of these, %1 are VIDs from before the box could move them, and %2 are damaged (the log "
         "of provd has them): import these people again, and provd does the rest",
         "parmi elles, %1 sont des VID d'avant que l'appareil sache les déplacer, et %2 sont "
         "abîmées (le journal de provd les nomme) : réimportez ces personnes, et provd fait le "
         "reste"},
    [TEXT_ABOUT_STATUS] = {"shows the state of the box and what the registry holds",
                           "montre l'état de l'appareil et le contenu du registre"},
};

const struct officer_text_pair *officer_text_status_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
