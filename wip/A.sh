cd REPO; export OMP_NUM_THREADS=1 PYTHONPATH=REPO; P=.venv/bin/python
set -x
$P -m course_lib.lessons.lesson10.measure_guidance 
$P -m course_lib.lessons.lesson09.measure_side_by_side --batches /tmp/NAME/sbs --part main --part respaced
$P -m course_lib.lessons.lesson09.measure_side_by_side --batches /tmp/NAME/sbs --part guided --part more --part seeds
$P -m course_lib.lessons.lesson09.measure_side_by_side --batches /tmp/NAME/sbs
echo A-DONE; date
