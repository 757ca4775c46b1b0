export const tone = "loud";
