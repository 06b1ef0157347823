/** The very lines to write for a first PBX. Those in files of their own are kept true by a test: callreel takes them,
 * and docs/asterisk.md and docs/freeswitch.md say the same. */

import asteriskAccount from "./asterisk.conf?raw";
import asteriskConfig from "./asterisk.yaml?raw";
import freeswitchAccount from "./freeswitch.xml?raw";
import freeswitchConfig from "./freeswitch.yaml?raw";

export interface Lines {
    account: string;
    reload: string;
    folder: string;
    config: string;
    secret: string;
}

export const LINES = {
    asterisk: {
        account: asteriskAccount,
        reload: "asterisk -rx 'manager reload'",
        folder: "sudo install -d -o asterisk -g asterisk -m 2770 /var/spool/asterisk/recording",
        config: asteriskConfig,
        secret: "AMI_PASSWORD=CHOOSE-A-LONG-ONE",
    },
    freeswitch: {
        account: freeswitchAccount,
        reload: "fs_cli -x 'reload mod_event_socket'",
        folder: "sudo install -d -o freeswitch -g freeswitch -m 2770 /var/lib/freeswitch/callreel",
        config: freeswitchConfig,
        secret: "ESL_PASSWORD=CHOOSE-A-LONG-ONE",
    },
} as const satisfies Record<string, Lines>;

export const RUN = "sudo callreel check\nsudo callreel doctor\nsudo systemctl restart callreel";

export type Kind = keyof typeof LINES;
export const KINDS = Object.keys(LINES) as Kind[];
