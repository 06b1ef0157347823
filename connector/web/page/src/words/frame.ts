/** Words of the frame around all views. Every word that people read stands in this folder. */

export const words = {
    product: "callreel",
    views: { calls: "Calls", live: "Live", health: "Health", settings: "Settings" },
    navigation: "Views",
    skip: "Skip to the content",
    signIn: "Sign in",
    signOut: "Sign out",
    key: "Key",
    keyHelp: "An administrator makes one with: callreel keys add NAME --role listen",
    wrongKey: "No key is that one. It may have ended, or have been revoked.",
    wholeHouse: "whole house",
    roles: { read: "read", listen: "listen", control: "control", admin: "admin" },
    light: "Light",
    dark: "Dark",
    likeTheSystem: "Like the system",
    theme: "Colours",
    close: "Close",
    cancel: "Cancel",
    again: "Try again",
    loading: "Loading …",
    noAnswer: "The server does not answer.",
} as const;
